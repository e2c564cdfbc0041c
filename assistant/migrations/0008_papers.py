from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assistant', '0007_learning'),
    ]

    operations = [
        migrations.AddField(
            model_name='modelversion',
            name='prompt',
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AddField(
            model_name='modelversion',
            name='shipped',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='modelversion',
            name='manifest',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='modelversion',
            name='manifest_path',
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name='modelversion',
            name='manifest_sha256',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='modelversion',
            name='report',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='modelversion',
            name='report_path',
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name='modelversion',
            name='report_sha256',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='deployment',
            name='passed',
            field=models.JSONField(default=dict),
        ),
    ]
