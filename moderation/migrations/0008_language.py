from django.db import migrations, models
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce


def take_from_the_post(apps, _editor):
    of_the_case = apps.get_model("assistant", "Post").objects.filter(case=OuterRef("case")).values("language")[:1]
    written = models.CharField()
    found = Coalesce(Subquery(of_the_case, output_field=written), models.Value("en"), output_field=written)
    apps.get_model("moderation", "Flag").objects.update(language=found)


class Migration(migrations.Migration):
    dependencies = [("moderation", "0007_incidents"), ("assistant", "0018_sign_offs")]

    operations = [
        migrations.AddField("flag", "language", models.CharField(default="en", max_length=35), preserve_default=False),
        migrations.RunPython(take_from_the_post, migrations.RunPython.noop, elidable=True),
    ]
