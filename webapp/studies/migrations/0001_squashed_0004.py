# What the migrations below make, in one: a new database needs no steps between, and each took its time.

import assistant.vault.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('studies', '0001_studies'),
        ('studies', '0002_pair_reasons'),
        ('studies', '0003_allowances'),
        ('studies', '0004_writing_at'),
    ]

    initial = True

    dependencies = [
        ('assistant', '0018_sign_offs'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Study',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100, unique=True)),
                ('question', models.CharField(max_length=500)),
                ('form', models.CharField(choices=[('scales', 'One reply at a time, on five scales'), ('pairs', 'Two replies side by side, which one is better')], default='scales', max_length=10)),
                ('status', models.CharField(choices=[('planned', 'Being set up'), ('open', 'Open to raters'), ('paused', 'Paused'), ('closed', 'Closed')], default='planned', max_length=10)),
                ('lay_ratings', models.PositiveSmallIntegerField(default=3)),
                ('clinician_ratings', models.PositiveSmallIntegerField(default=0)),
                ('most_per_rater', models.PositiveSmallIntegerField(default=60)),
                ('candidate', models.CharField(blank=True, max_length=20)),
                ('reference', models.CharField(blank=True, max_length=20)),
                ('dimension', models.CharField(blank=True, max_length=20)),
                ('margin', models.FloatField(null=True)),
                ('seed', models.PositiveIntegerField()),
                ('consent', models.TextField()),
                ('pairs_for_training', models.BooleanField(default=False)),
                ('plan', models.JSONField(default=dict)),
                ('plan_sha256', models.CharField(blank=True, max_length=64)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('writing_at', models.DateTimeField(null=True)),
                ('opened_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
            ],
            options={
                'ordering': ['-created_at'],
                'permissions': [('run_studies', 'Can set up studies and read what they come to'), ('rate_replies', 'Can be asked to rate replies in a study')],
            },
        ),
        migrations.CreateModel(
            name='Arm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=20)),
                ('kind', models.CharField(choices=[('alone', 'The supporter alone'), ('improved', 'The supporter with the improvement model'), ('generated', 'The generation model'), ('other', 'Another model'), ('reference', 'A reference that people wrote')], max_length=10)),
                ('prompt', models.CharField(blank=True, max_length=80)),
                ('version', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.modelversion')),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='arms', to='studies.study')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('study', 'key'), name='one_arm_per_key')],
            },
        ),
        migrations.CreateModel(
            name='Item',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('rated', 'Rated'), ('training', 'Training'), ('attention', 'Attention')], default='rated', max_length=10)),
                ('source', models.CharField(max_length=64)),
                ('post', assistant.vault.fields.EncryptedTextField()),
                ('language', models.CharField(default='en', max_length=35)),
                ('level', models.PositiveSmallIntegerField(default=0)),
                ('stratum', models.CharField(blank=True, max_length=40)),
                ('about', models.CharField(blank=True, max_length=200)),
                ('expected', models.JSONField(default=dict)),
                ('explanation', assistant.vault.fields.EncryptedTextField(default='')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='studies.study')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('study', 'source'), name='one_item_per_source')],
            },
        ),
        migrations.CreateModel(
            name='Output',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('draft', assistant.vault.fields.EncryptedTextField(default='')),
                ('text', assistant.vault.fields.EncryptedTextField(default='')),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('screened', models.CharField(blank=True, max_length=10)),
                ('problem', models.CharField(blank=True, max_length=100)),
                ('arm', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='outputs', to='studies.arm')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='outputs', to='studies.item')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('item', 'arm'), name='one_output_per_item_and_arm'), models.CheckConstraint(condition=models.Q(('problem', ''), ('sha256', ''), _connector='OR'), name='output_has_text_or_problem')],
            },
        ),
        migrations.CreateModel(
            name='Rater',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('panel', models.CharField(choices=[('lay', 'lay panel'), ('clinician', 'clinician panel')], max_length=10)),
                ('code', models.CharField(max_length=12)),
                ('credentials', models.CharField(blank=True, max_length=200)),
                ('added_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('consented_at', models.DateTimeField(null=True)),
                ('consent_sha256', models.CharField(blank=True, max_length=64)),
                ('may_train', models.BooleanField(default=False)),
                ('trained_at', models.DateTimeField(null=True)),
                ('withdrew_at', models.DateTimeField(null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='studies_rated', to=settings.AUTH_USER_MODEL)),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='raters', to='studies.study')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('study', 'user'), name='one_rater_per_person_and_study'), models.UniqueConstraint(fields=('study', 'code'), name='one_rater_per_code')],
            },
        ),
        migrations.CreateModel(
            name='Assignment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveSmallIntegerField()),
                ('shown_at', models.DateTimeField(null=True)),
                ('done_at', models.DateTimeField(null=True)),
                ('seconds', models.FloatField(null=True)),
                ('skipped', models.CharField(blank=True, choices=[('too_hard', 'I do not want to read this now'), ('known', 'I know this text or who wrote it'), ('unclear', 'I cannot tell from what is here')], max_length=10)),
                ('passed', models.BooleanField(null=True)),
                ('other', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='studies.output')),
                ('output', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='studies.output')),
                ('rater', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='assignments', to='studies.rater')),
            ],
            options={
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(fields=('rater', 'position'), name='one_assignment_per_place'), models.UniqueConstraint(condition=models.Q(('other', None)), fields=('rater', 'output'), name='a_text_is_given_once')],
            },
        ),
        migrations.CreateModel(
            name='Comment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('start', models.PositiveIntegerField()),
                ('end', models.PositiveIntegerField()),
                ('dimension', models.CharField(blank=True, max_length=20)),
                ('text', assistant.vault.fields.EncryptedTextField(default='')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('assignment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='comments', to='studies.assignment')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('output', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='studies.output')),
            ],
            options={
                'ordering': ['start', 'end'],
                'constraints': [models.CheckConstraint(condition=models.Q(('end__gt', models.F('start'))), name='comment_has_words')],
            },
        ),
        migrations.CreateModel(
            name='Allowance',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('reason', assistant.vault.fields.EncryptedTextField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('output', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='allowance', to='studies.output')),
            ],
        ),
        migrations.CreateModel(
            name='Report',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('waiting', 'Waiting'), ('done', 'Done'), ('failed', 'Failed')], default='waiting', max_length=10)),
                ('export_sha256', models.CharField(blank=True, max_length=64)),
                ('found', models.JSONField(default=dict)),
                ('plots', models.JSONField(default=dict)),
                ('problem', models.CharField(blank=True, max_length=500)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('study', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reports', to='studies.study')),
            ],
            options={
                'ordering': ['-at'],
            },
        ),
        migrations.CreateModel(
            name='Rating',
            fields=[
                ('assignment', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='rating', serialize=False, to='studies.assignment')),
                ('readability', models.PositiveSmallIntegerField(null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(5)])),
                ('empathy', models.PositiveSmallIntegerField(null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(5)])),
                ('connection', models.PositiveSmallIntegerField(null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(5)])),
                ('actionability', models.PositiveSmallIntegerField(null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(5)])),
                ('safety', models.PositiveSmallIntegerField(null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(5)])),
                ('escalation', models.PositiveSmallIntegerField(null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(5)])),
                ('reason', models.CharField(blank=True, max_length=20)),
                ('changed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('preferred', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='studies.output')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('readability', None), models.Q(('readability__gte', 1), ('readability__lte', 5)), _connector='OR'), name='rating_of_readability_is_on_the_scale'), models.CheckConstraint(condition=models.Q(('empathy', None), models.Q(('empathy__gte', 1), ('empathy__lte', 5)), _connector='OR'), name='rating_of_empathy_is_on_the_scale'), models.CheckConstraint(condition=models.Q(('connection', None), models.Q(('connection__gte', 1), ('connection__lte', 5)), _connector='OR'), name='rating_of_connection_is_on_the_scale'), models.CheckConstraint(condition=models.Q(('actionability', None), models.Q(('actionability__gte', 1), ('actionability__lte', 5)), _connector='OR'), name='rating_of_actionability_is_on_the_scale'), models.CheckConstraint(condition=models.Q(('safety', None), models.Q(('safety__gte', 1), ('safety__lte', 5)), _connector='OR'), name='rating_of_safety_is_on_the_scale'), models.CheckConstraint(condition=models.Q(('escalation', None), models.Q(('escalation__gte', 1), ('escalation__lte', 5)), _connector='OR'), name='rating_of_escalation_is_on_the_scale')],
            },
        ),
    ]
