-- The least rights with which every command of segmail works, proven by a test that runs each of
-- them as this user. Replace maho by the shop's database, put its table prefix before each table,
-- and choose a password.

CREATE USER IF NOT EXISTS 'segmail'@'localhost' IDENTIFIED BY 'choose a password';

-- Everything is read; refresh-segments compares in temporary tables.
GRANT SELECT, CREATE TEMPORARY TABLES ON maho.* TO 'segmail'@'localhost';

-- The jobs.
GRANT UPDATE ON maho.customer_segment TO 'segmail'@'localhost';
GRANT INSERT, UPDATE, DELETE ON maho.customer_segment_customer TO 'segmail'@'localhost';
GRANT INSERT, UPDATE, DELETE ON maho.customer_segment_sequence_progress TO 'segmail'@'localhost';
GRANT INSERT, UPDATE, DELETE ON maho.newsletter_queue TO 'segmail'@'localhost';
GRANT INSERT ON maho.newsletter_queue_link TO 'segmail'@'localhost';
GRANT INSERT ON maho.newsletter_problem TO 'segmail'@'localhost';
GRANT INSERT, DELETE ON maho.salesrule_coupon TO 'segmail'@'localhost';
GRANT INSERT, UPDATE, DELETE ON maho.core_config_data TO 'segmail'@'localhost';
-- If the shop has the table:
GRANT INSERT, UPDATE, DELETE ON maho.cron_schedule TO 'segmail'@'localhost';

-- `sequence`, `segment apply` and `campaign apply`, which set campaigns up. Who leaves these to
-- another user can leave these grants out.
GRANT INSERT, UPDATE, DELETE ON maho.customer_segment_email_sequence TO 'segmail'@'localhost';
GRANT INSERT, UPDATE, DELETE ON maho.newsletter_template TO 'segmail'@'localhost';
GRANT INSERT, UPDATE ON maho.customer_segment TO 'segmail'@'localhost';
GRANT INSERT, UPDATE ON maho.salesrule TO 'segmail'@'localhost';
GRANT INSERT, DELETE ON maho.salesrule_website TO 'segmail'@'localhost';
GRANT INSERT, DELETE ON maho.salesrule_customer_group TO 'segmail'@'localhost';
