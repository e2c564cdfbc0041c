from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("assistant", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="worker",
            name="safety",
            field=models.JSONField(default=list),
        ),
    ]
