from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("moderation", "0009_danger")]

    operations = [
        migrations.RemoveIndex(
            model_name='flag',
            name='moderation__status_87ce23_idx',
        ),
        migrations.AddField(
            model_name='flag',
            name='rush',
            field=models.GeneratedField(db_persist=True, expression=models.Case(models.When(level=4, then=4), models.When(models.Q(('level', 3), models.Q(('post__isnull', False), ('severity', 3)), _connector='OR'), then=3), models.When(level=2, then=2), default=0), output_field=models.PositiveSmallIntegerField()),
        ),
        migrations.AddIndex(
            model_name='flag',
            index=models.Index(fields=['status', '-rush', '-severity', '-level', 'opened_at'], name='moderation__status_807604_idx'),
        ),
    ]
