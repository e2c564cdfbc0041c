from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("studies", "0003_allowances")]

    operations = [
        migrations.AddField(model_name="study", name="writing_at", field=models.DateTimeField(null=True)),
    ]
