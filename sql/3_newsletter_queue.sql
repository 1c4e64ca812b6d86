-- 3. Which automation, and which segment of it, a message belongs to.
ALTER TABLE {prefix}newsletter_queue
    ADD COLUMN automation_source varchar(50) DEFAULT NULL;
ALTER TABLE {prefix}newsletter_queue
    ADD COLUMN automation_source_id {customer_segment.segment_id} DEFAULT NULL;
