"""What one writes by hand instead: smtplib, Jinja2 and PyMySQL, a row at a time.

`python hand_loop.py SOCKET DATABASE TEMPLATE-FILE PORT`; the same customers, HTML and text part,
without what the shop's own tables need.
"""

import smtplib
import sys
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

import pymysql
from jinja2 import Template

DUE = """
    SELECT p.progress_id, s.subscriber_email, f.value, l.value
    FROM customer_segment_sequence_progress p
    JOIN newsletter_subscriber s ON s.customer_id = p.customer_id
    JOIN customer_entity_varchar f ON f.entity_id = p.customer_id AND f.attribute_id = %s
    JOIN customer_entity_varchar l ON l.entity_id = p.customer_id AND l.attribute_id = %s
    WHERE p.status = 'scheduled' AND p.scheduled_at <= UTC_TIMESTAMP() AND s.subscriber_status = 1
"""

socket, database, template, port, *attributes = sys.argv[1:]
db = pymysql.connect(unix_socket=socket, user="root", database=database, charset="utf8mb4")
page, plain = (Template(Path(f"{template}.{kind}").read_text()) for kind in ("html", "txt"))
with db.cursor() as cursor, smtplib.SMTP("127.0.0.1", int(port)) as server:
    cursor.execute(DUE, attributes)
    for progress_id, email, first, last in cursor.fetchall():
        values = {"first": first, "name": f"{first} {last}", "email": email, "id": progress_id}
        message = EmailMessage()
        message["Subject"] = f"Hello {first}"
        message["From"] = "Test Shop <shop@example.test>"
        message["To"] = f"{first} {last} <{email}>"
        message["Message-ID"] = make_msgid(domain="example.test")
        message.set_content(plain.render(values))
        message.add_alternative(page.render(values), subtype="html")
        cursor.execute(
            "UPDATE customer_segment_sequence_progress SET scheduled_at = scheduled_at"
            " + INTERVAL 1 HOUR WHERE progress_id = %s AND status = 'scheduled'", progress_id
        )  # fmt: skip
        db.commit()
        server.send_message(message)
        cursor.execute(
            "UPDATE customer_segment_sequence_progress SET status = 'sent',"
            " sent_at = UTC_TIMESTAMP() WHERE progress_id = %s", progress_id
        )  # fmt: skip
        db.commit()
