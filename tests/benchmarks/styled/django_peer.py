"""django-post_office with its defaults, rendering when it delivers.

`python django_peer.py fill|send SOCKET DATABASE TEMPLATE-FILE PORT COUNT`, with a Python that has
Django, django-post_office and PyMySQL.
"""

import sys
from pathlib import Path

import django
import pymysql
from django.conf import settings

pymysql.install_as_MySQLdb()
action, socket, database, template, port, count = sys.argv[1:]
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.mysql",
            "NAME": database,
            "USER": "root",
            "HOST": socket,
            "OPTIONS": {"charset": "utf8mb4"},
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    EMAIL_BACKEND="post_office.EmailBackend",
    EMAIL_HOST="127.0.0.1",
    EMAIL_PORT=int(port),
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    USE_TZ=True,
)
django.setup()

from django.core.management import call_command  # noqa: E402 - after setup()
from post_office import mail  # noqa: E402
from post_office.models import Email, EmailTemplate  # noqa: E402

if action == "fill":
    call_command("migrate", verbosity=0)
    Email.objects.all().delete()
    made, _ = EmailTemplate.objects.update_or_create(
        name="autumn",
        defaults={
            "subject": "Hello {{ first }}",
            "content": Path(f"{template}.txt").read_text(),
            "html_content": Path(f"{template}.html").read_text(),
        },
    )
    mails = [
        {
            "sender": "shop@example.test",
            "recipients": [f"customer{id}@example.test"],
            "template": made,
            "context": {"first": f"Ada {id}", "name": f"Ada {id} Lovelace {id}",
                        "email": f"customer{id}@example.test", "id": id},
            "render_on_delivery": True,
        }
        for id in range(1, int(count) + 1)
    ]  # fmt: skip
    mail.send_many(mails)
else:
    call_command("send_queued_mail", verbosity=0)
    unsent = Email.objects.exclude(status=0).count()
    if unsent:
        raise SystemExit(f"{unsent} mails were not sent")
