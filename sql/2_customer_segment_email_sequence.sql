-- 2. The steps of a segment's sequence.
CREATE TABLE {prefix}customer_segment_email_sequence (
    sequence_id int unsigned PRIMARY KEY AUTO_INCREMENT,
    segment_id {customer_segment.segment_id} NOT NULL,
    template_id {newsletter_template.template_id} NOT NULL,
    step_number int NOT NULL,
    delay_minutes int NOT NULL DEFAULT 0,
    is_active tinyint(1) DEFAULT 1,
    max_sends int DEFAULT 1,
    generate_coupon tinyint(1) DEFAULT 0,
    coupon_sales_rule_id {salesrule.rule_id} DEFAULT NULL,
    coupon_prefix varchar(50) DEFAULT NULL,
    coupon_expires_days int DEFAULT 30,
    created_at {newsletter_queue.queue_start_at} DEFAULT CURRENT_TIMESTAMP,
    updated_at {newsletter_queue.queue_start_at}
        DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    UNIQUE KEY unique_segment_step (segment_id, step_number),
    FOREIGN KEY (segment_id)
        REFERENCES {prefix}customer_segment (segment_id) ON DELETE CASCADE,
    FOREIGN KEY (template_id)
        REFERENCES {prefix}newsletter_template (template_id),
    FOREIGN KEY (coupon_sales_rule_id)
        REFERENCES {prefix}salesrule (rule_id) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET={charset};
