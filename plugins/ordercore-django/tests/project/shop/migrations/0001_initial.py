from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = [("ordercore", "0001_tables")]
    operations = [
        migrations.CreateModel(
            name="Purchase",
            fields=[
                ("id", models.BigAutoField(primary_key=True)),
                ("number", models.CharField(max_length=20, unique=True)),
                ("order", models.CharField(max_length=100, default="")),
            ],
        )
    ]
