-- 4. How far each customer is in each sequence.
CREATE TABLE {prefix}customer_segment_sequence_progress (
    progress_id int unsigned PRIMARY KEY AUTO_INCREMENT,
    customer_id {customer_entity.entity_id} NOT NULL,
    segment_id {customer_segment.segment_id} NOT NULL,
    sequence_id {customer_segment_email_sequence.sequence_id} NOT NULL,
    queue_id {newsletter_queue.queue_id} DEFAULT NULL,
    step_number int NOT NULL,
    trigger_type enum('enter', 'exit') NOT NULL,
    scheduled_at {newsletter_queue.queue_start_at} NULL,
    sent_at {newsletter_queue.queue_start_at} NULL,
    status enum('scheduled', 'sent', 'failed', 'skipped') DEFAULT 'scheduled',
    created_at {newsletter_queue.queue_start_at} DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (customer_id)
        REFERENCES {prefix}customer_entity (entity_id) ON DELETE CASCADE,
    FOREIGN KEY (segment_id)
        REFERENCES {prefix}customer_segment (segment_id) ON DELETE CASCADE,
    FOREIGN KEY (sequence_id)
        REFERENCES {prefix}customer_segment_email_sequence (sequence_id) ON DELETE CASCADE,
    FOREIGN KEY (queue_id)
        REFERENCES {prefix}newsletter_queue (queue_id) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET={charset};
CREATE INDEX idx_customer_segment
    ON {prefix}customer_segment_sequence_progress (customer_id, segment_id);
CREATE INDEX idx_scheduled
    ON {prefix}customer_segment_sequence_progress (scheduled_at, status);
