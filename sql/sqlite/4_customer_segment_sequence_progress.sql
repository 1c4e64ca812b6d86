-- 4. How far each customer is in each sequence.
CREATE TABLE {prefix}customer_segment_sequence_progress (
    progress_id integer PRIMARY KEY AUTOINCREMENT,
    customer_id integer NOT NULL
        REFERENCES {prefix}customer_entity (entity_id) ON DELETE CASCADE,
    segment_id integer NOT NULL
        REFERENCES {prefix}customer_segment (segment_id) ON DELETE CASCADE,
    sequence_id integer NOT NULL
        REFERENCES {prefix}customer_segment_email_sequence (sequence_id) ON DELETE CASCADE,
    queue_id integer DEFAULT NULL
        REFERENCES {prefix}newsletter_queue (queue_id) ON DELETE SET NULL,
    step_number integer NOT NULL,
    trigger_type varchar(10) NOT NULL CHECK (trigger_type IN ('enter', 'exit')),
    scheduled_at datetime NULL,
    sent_at datetime NULL,
    status varchar(20) DEFAULT 'scheduled'
        CHECK (status IN ('scheduled', 'sent', 'failed', 'skipped')),
    created_at datetime DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX {prefix}idx_customer_segment
    ON {prefix}customer_segment_sequence_progress (customer_id, segment_id);
CREATE INDEX {prefix}idx_scheduled
    ON {prefix}customer_segment_sequence_progress (scheduled_at, status);
-- MySQL and MariaDB index foreign keys by themselves.
CREATE INDEX {prefix}idx_progress_segment
    ON {prefix}customer_segment_sequence_progress (segment_id);
CREATE INDEX {prefix}idx_progress_sequence
    ON {prefix}customer_segment_sequence_progress (sequence_id);
CREATE INDEX {prefix}idx_progress_queue
    ON {prefix}customer_segment_sequence_progress (queue_id);
