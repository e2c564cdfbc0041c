# What the migrations below make, in one: a new database needs no steps between, and each took its time.

import assistant.vault.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('moderation', '0001_initial'),
        ('moderation', '0002_triage'),
        ('moderation', '0003_claims'),
        ('moderation', '0004_decided'),
        ('moderation', '0005_hand_over'),
        ('moderation', '0006_quality'),
        ('moderation', '0007_incidents'),
    ]

    initial = True

    dependencies = [
        ('assistant', '0018_sign_offs'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='NotifierBeat',
            fields=[
                ('name', models.CharField(max_length=80, primary_key=True, serialize=False)),
                ('seen_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('standing_in', models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name='Flag',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('severity', models.PositiveSmallIntegerField(choices=[(1, 'note'), (2, 'review'), (3, 'hold')])),
                ('level', models.PositiveSmallIntegerField(default=0)),
                ('codes', models.JSONField(default=list)),
                ('status', models.CharField(choices=[('open', 'Open'), ('decided', 'Decided'), ('dropped', 'Dropped')], default='open', max_length=10)),
                ('version', models.PositiveIntegerField(default=1)),
                ('escalated', models.BooleanField(default=False)),
                ('claimed_at', models.DateTimeField(null=True)),
                ('claimed_until', models.DateTimeField(null=True)),
                ('opened_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('closed_at', models.DateTimeField(null=True)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('claimed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('post', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='flags', to='assistant.post')),
                ('raised_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('reply', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='flags', to='assistant.reply')),
                ('suggestion', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='flags', to='assistant.suggestion')),
            ],
            options={
                'permissions': [('view_flags', 'Can see the queue and what was flagged'), ('decide_flags', 'Can decide flags'), ('decide_escalated', 'Can decide flags that were escalated')],
                'indexes': [models.Index(fields=['status', '-severity', '-level', 'opened_at'], name='moderation__status_87ce23_idx'), models.Index(fields=['opened_at'], name='moderation__opened__60d7cf_idx'), models.Index(fields=['closed_at'], name='moderation__closed__a903c6_idx')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('post__isnull', False), ('reply', None), ('suggestion', None)), models.Q(('post', None), ('reply', None), ('suggestion__isnull', False)), models.Q(('post', None), ('reply__isnull', False), ('suggestion', None)), _connector='OR'), name='flag_has_one_subject'), models.CheckConstraint(condition=models.Q(('level__lte', 4)), name='flag_level_is_on_the_ladder'), models.UniqueConstraint(condition=models.Q(('post__isnull', False), ('raised_by__isnull', False), ('status', 'open')), fields=('raised_by', 'post'), name='one_open_flag_per_person_and_post'), models.UniqueConstraint(condition=models.Q(('raised_by__isnull', False), ('status', 'open'), ('suggestion__isnull', False)), fields=('raised_by', 'suggestion'), name='one_open_flag_per_person_and_suggestion')],
            },
        ),
        migrations.CreateModel(
            name='Escalation',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('reason', assistant.vault.fields.EncryptedTextField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('acknowledged_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('acknowledged_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('flag', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='escalations', to='moderation.flag')),
            ],
        ),
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('flag', 'Flag'), ('hand_over', 'Hand Over'), ('invariant', 'Invariant'), ('test', 'Test')], max_length=9)),
                ('code', models.CharField(blank=True, max_length=40)),
                ('level', models.PositiveSmallIntegerField(default=0)),
                ('opened_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('epoch', models.PositiveIntegerField(default=0)),
                ('since', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('step', models.PositiveIntegerField(default=0)),
                ('closed_at', models.DateTimeField(null=True)),
                ('holder', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('escalation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alerts', to='moderation.escalation')),
                ('flag', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alerts', to='moderation.flag')),
            ],
            options={
                'permissions': [('be_alerted', 'Is told when somebody must come')],
                'indexes': [models.Index(condition=models.Q(('closed_at', None)), fields=['opened_at'], name='alert_open')],
                'constraints': [models.CheckConstraint(condition=models.Q(('level__lte', 4)), name='alert_level_is_on_the_ladder'), models.UniqueConstraint(condition=models.Q(('closed_at', None), ('kind', 'invariant')), fields=('code',), name='one_open_alert_per_invariant'), models.UniqueConstraint(condition=models.Q(('closed_at', None), ('kind', 'flag')), fields=('flag',), name='one_open_alert_per_flag'), models.UniqueConstraint(fields=('escalation',), name='one_alert_per_escalation')],
            },
        ),
        migrations.CreateModel(
            name='BreakGlass',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('reason', assistant.vault.fields.EncryptedTextField()),
                ('status', models.CharField(choices=[('asked', 'Asked'), ('allowed', 'Allowed'), ('refused', 'Refused')], default='asked', max_length=10)),
                ('asked_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('answered_at', models.DateTimeField(null=True)),
                ('until', models.DateTimeField(null=True)),
                ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
            ],
            options={
                'ordering': ['-asked_at', 'id'],
                'permissions': [('ask_break_glass', 'Can ask to read one case for a while'), ('allow_break_glass', 'Can allow somebody else to read one case for a while, and review that afterwards')],
                'indexes': [models.Index(fields=['status', 'asked_at'], name='moderation__status_745428_idx')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('status', 'allowed'), _negated=True), models.Q(('answered_by__isnull', False), ('until__isnull', False), models.Q(('answered_by', models.F('by')), _negated=True)), _connector='OR'), name='break_glass_is_allowed_by_somebody_else')],
            },
        ),
        migrations.CreateModel(
            name='BreakGlassReview',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('due_at', models.DateTimeField()),
                ('outcome', models.CharField(blank=True, choices=[('justified', 'It was justified'), ('not', 'It was not justified')], max_length=10)),
                ('note', assistant.vault.fields.EncryptedTextField(default='')),
                ('closed_at', models.DateTimeField(null=True)),
                ('about', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='review', to='moderation.breakglass')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['due_at', 'id'],
                'indexes': [models.Index(fields=['closed_at', 'due_at'], name='moderation__closed__d9ccfd_idx')],
            },
        ),
        migrations.CreateModel(
            name='CaseNote',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('text', assistant.vault.fields.EncryptedTextField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notes', to='assistant.casekey')),
            ],
            options={
                'ordering': ['at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('epoch', models.PositiveIntegerField()),
                ('step', models.PositiveIntegerField()),
                ('rung', models.CharField(max_length=10)),
                ('channel', models.CharField(choices=[('in_app', 'In App'), ('mail', 'Mail'), ('webhook', 'Webhook')], max_length=7)),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('next_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('leased_until', models.DateTimeField(null=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('error', models.CharField(blank=True, max_length=60)),
                ('delivered_at', models.DateTimeField(null=True)),
                ('alert', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='moderation.alert')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'ordering': ['made_at', 'id'],
                'indexes': [models.Index(condition=models.Q(('delivered_at', None)), fields=['channel', 'next_at'], name='delivery_waiting')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('person__isnull', False)), fields=('alert', 'epoch', 'step', 'person', 'channel'), name='one_delivery_per_step_person_and_channel'), models.UniqueConstraint(condition=models.Q(('person', None)), fields=('alert', 'epoch', 'step', 'channel'), name='one_delivery_per_step_and_channel')],
            },
        ),
        migrations.CreateModel(
            name='EscalationEnd',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('outcome', models.CharField(choices=[('answered', 'Somebody of the service answered them'), ('helpline', 'They were told whom to turn to'), ('passed_on', 'Somebody outside has taken it over, and said so'), ('emergency', 'Emergency services were called, as the policy for their country says'), ('not_reached', 'They could not be reached'), ('no_danger', 'Read again: no sign of danger')], max_length=11)),
                ('note', assistant.vault.fields.EncryptedTextField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('escalation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ends', to='moderation.escalation')),
            ],
            options={
                'ordering': ['at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('outcome', models.CharField(choices=[('approve', 'Approve'), ('edit', 'Edit'), ('return', 'Return'), ('reject', 'Reject'), ('close', 'Close'), ('uphold', 'Uphold'), ('overturn', 'Overturn')], max_length=10)),
                ('policy', models.CharField(max_length=20)),
                ('reason', assistant.vault.fields.EncryptedTextField()),
                ('edited_text', assistant.vault.fields.EncryptedTextField(default='')),
                ('closed_as', models.CharField(blank=True, choices=[('fine', 'Nothing was wrong'), ('mistake', 'The checks were mistaken'), ('talk', 'Somebody talks with the supporter'), ('service', 'The service looks after the person who wrote')], max_length=10)),
                ('flag_version', models.PositiveIntegerField()),
                ('missed', models.BooleanField(null=True)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('before', models.CharField(blank=True, max_length=10)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('revision', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.draftrevision')),
                ('flag', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='moderation.flag')),
            ],
            options={
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('flag', 'flag_version'), name='one_decision_per_version_of_a_flag'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'close'), models.Q(('closed_as', ''), _negated=True)), models.Q(models.Q(('outcome', 'close'), _negated=True), ('closed_as', '')), _connector='OR'), name='decision_says_how_it_closes')],
            },
        ),
        migrations.CreateModel(
            name='Appeal',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('words', assistant.vault.fields.EncryptedTextField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('decision', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='appeal', to='moderation.decision')),
                ('flag', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='appeal', to='moderation.flag')),
            ],
        ),
        migrations.CreateModel(
            name='GoldenItem',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('post', 'Post'), ('reply', 'Reply'), ('flag', 'Flag')], max_length=10)),
                ('text', assistant.vault.fields.EncryptedTextField(default='')),
                ('post_text', assistant.vault.fields.EncryptedTextField(default='')),
                ('explanation', assistant.vault.fields.EncryptedTextField()),
                ('language', models.CharField(default='en', max_length=35)),
                ('level', models.PositiveSmallIntegerField(default=0)),
                ('outcome', models.CharField(max_length=10)),
                ('closed_as', models.CharField(blank=True, max_length=10)),
                ('policy', models.CharField(max_length=20)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('retired_at', models.DateTimeField(null=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('decision', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='golden', to='moderation.decision')),
            ],
            options={
                'permissions': [('view_quality', 'Can see how far people and checks agree, and keep golden items')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('decision__isnull', False), ('kind', 'flag')), models.Q(models.Q(('kind', 'flag'), _negated=True), ('decision', None)), _connector='OR'), name='golden_item_is_a_flag_or_invented'), models.CheckConstraint(condition=models.Q(('level__lte', 2)), name='golden_item_is_not_urgent')],
            },
        ),
        migrations.CreateModel(
            name='Incident',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('title', assistant.vault.fields.EncryptedTextField()),
                ('severity', models.PositiveSmallIntegerField(choices=[(1, 'Nobody was affected'), (2, 'It could have harmed somebody'), (3, 'It may have harmed somebody')])),
                ('status', models.CharField(choices=[('open', 'Open'), ('mitigated', 'Mitigated'), ('closed', 'Closed')], default='open', max_length=10)),
                ('opened_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('opened_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-opened_at', 'id'],
                'permissions': [('keep_incidents', 'Can open incidents, read them and add to them'), ('sign_off_incidents', 'Can sign off an incident whose fix somebody else wrote'), ('view_safety', 'Can see the figures about safety, which name nobody and quote nothing')],
            },
        ),
        migrations.CreateModel(
            name='IncidentEntry',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('happened', 'What happened'), ('note', 'Note'), ('mitigated', 'What stopped the harm'), ('cause', 'Cause'), ('fix', 'Fix'), ('test', 'Test that would have shown it'), ('signed_off', 'Signed off')], max_length=10)),
                ('text', assistant.vault.fields.EncryptedTextField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='moderation.incident')),
            ],
            options={
                'verbose_name_plural': 'incident entries',
                'ordering': ['at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='IncidentLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('flag', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='moderation.flag')),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='links', to='moderation.incident')),
            ],
            options={
                'ordering': ['at', 'id'],
                'constraints': [models.UniqueConstraint(fields=('incident', 'flag'), name='one_link_per_incident_and_flag'), models.UniqueConstraint(condition=models.Q(('flag', None)), fields=('incident', 'case'), name='one_link_per_incident_and_case')],
            },
        ),
        migrations.CreateModel(
            name='LastCheck',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('failing', models.JSONField(default=dict)),
                ('audit_seq', models.PositiveBigIntegerField(default=0)),
                ('audit_mac', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='one_last_check')],
            },
        ),
        migrations.CreateModel(
            name='OutOfHours',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField(blank=True)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'out of hours',
                'ordering': ['-at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='Pass',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('flag', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='passes', to='moderation.flag')),
            ],
            options={
                'verbose_name_plural': 'passes',
                'constraints': [models.UniqueConstraint(fields=('flag', 'by'), name='one_pass_per_flag_and_person')],
            },
        ),
        migrations.CreateModel(
            name='Proposal',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('outcome', models.CharField(choices=[('approve', 'Approve'), ('edit', 'Edit'), ('return', 'Return'), ('reject', 'Reject'), ('close', 'Close'), ('uphold', 'Uphold'), ('overturn', 'Overturn')], max_length=10)),
                ('policy', models.CharField(max_length=20)),
                ('reason', assistant.vault.fields.EncryptedTextField()),
                ('edited_text', assistant.vault.fields.EncryptedTextField(default='')),
                ('closed_as', models.CharField(blank=True, choices=[('fine', 'Nothing was wrong'), ('mistake', 'The checks were mistaken'), ('talk', 'Somebody talks with the supporter'), ('service', 'The service looks after the person who wrote')], max_length=10)),
                ('flag_version', models.PositiveIntegerField()),
                ('missed', models.BooleanField(null=True)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('answered_at', models.DateTimeField(null=True)),
                ('confirmed', models.BooleanField(null=True)),
                ('answer', assistant.vault.fields.EncryptedTextField(default='')),
                ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('flag', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='moderation.flag')),
                ('revision', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.draftrevision')),
            ],
            options={
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('flag', 'flag_version'), name='one_proposal_per_version_of_a_flag'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'close'), models.Q(('closed_as', ''), _negated=True)), models.Q(models.Q(('outcome', 'close'), _negated=True), ('closed_as', '')), _connector='OR'), name='proposal_says_how_it_closes'), models.UniqueConstraint(condition=models.Q(('answered_at', None)), fields=('flag',), name='one_open_proposal_per_flag'), models.CheckConstraint(condition=models.Q(('answered_by', models.F('by')), ('confirmed', True), _negated=True), name='proposal_is_confirmed_by_another')],
            },
        ),
        migrations.CreateModel(
            name='Replay',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('change', models.JSONField()),
                ('against', models.CharField(max_length=10)),
                ('minutes', models.FloatField(null=True)),
                ('sampled_share', models.FloatField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('done_at', models.DateTimeField(null=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='ReplayCase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('done', 'Done'), ('skipped', 'Skipped')], default='waiting', max_length=10)),
                ('before', models.CharField(blank=True, choices=[('pass', 'Pass'), ('look', 'Look'), ('hold', 'Hold')], max_length=10)),
                ('after', models.CharField(blank=True, choices=[('pass', 'Pass'), ('look', 'Look'), ('hold', 'Hold')], max_length=10)),
                ('level_before', models.PositiveSmallIntegerField(default=0)),
                ('level_after', models.PositiveSmallIntegerField(default=0)),
                ('gone', models.JSONField(default=list)),
                ('come', models.JSONField(default=list)),
                ('decision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='moderation.decision')),
                ('replay', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cases', to='moderation.replay')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('replay', 'decision'), name='one_replay_case_per_decision')],
            },
        ),
        migrations.CreateModel(
            name='Review',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('golden', 'Golden'), ('second', 'Second')], max_length=10)),
                ('offered_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('claimed_at', models.DateTimeField(null=True)),
                ('outcome', models.CharField(blank=True, max_length=10)),
                ('closed_as', models.CharField(blank=True, max_length=10)),
                ('policy', models.CharField(blank=True, max_length=20)),
                ('reason', assistant.vault.fields.EncryptedTextField(default='')),
                ('same', models.BooleanField(null=True)),
                ('decided_at', models.DateTimeField(null=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('decision', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='second_review', to='moderation.decision')),
                ('item', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='moderation.goldenitem')),
                ('meant_for', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('passed_by', models.ManyToManyField(related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['decided_at', 'offered_at'], name='moderation__decided_9061f1_idx')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('decision', None), ('item__isnull', False), ('kind', 'golden'), ('meant_for__isnull', False)), models.Q(('decision__isnull', False), ('item', None), ('kind', 'second')), _connector='OR'), name='review_is_of_an_item_or_a_flag'), models.UniqueConstraint(fields=('item', 'meant_for'), name='a_golden_item_is_shown_once_to_each')],
            },
        ),
        migrations.CreateModel(
            name='Shift',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('line', models.CharField(choices=[('moderator', 'Moderator'), ('lead', 'Lead'), ('clinician', 'Clinician')], max_length=9)),
                ('place', models.PositiveSmallIntegerField(default=1)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['starts_at', 'line', 'place', 'id'],
                'permissions': [('manage_duty', 'Can change who is on duty, and send themselves a test alert')],
                'indexes': [models.Index(fields=['ends_at', 'starts_at'], name='moderation__ends_at_ecbc30_idx')],
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='shift_ends_after_it_starts')],
            },
        ),
        migrations.CreateModel(
            name='TakeOver',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('reason', assistant.vault.fields.EncryptedTextField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('flag', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='take_overs', to='moderation.flag')),
                ('taken_from', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Undo',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assistant.casekey')),
                ('decision', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='undo', to='moderation.decision')),
            ],
        ),
    ]
