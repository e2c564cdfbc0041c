from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assistant', '0005_put_back'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='secondreading',
            index=models.Index(fields=['ended_at'], name='assistant_s_ended_a_a6f7fb_idx'),
        ),
        migrations.AddIndex(
            model_name='suggestionjob',
            index=models.Index(fields=['ended_at'], name='assistant_s_ended_a_b1e50c_idx'),
        ),
    ]
