-- 1. When a segment's sequence starts, and whether it is switched on.
ALTER TABLE {prefix}customer_segment
    ADD COLUMN auto_email_trigger varchar(10) DEFAULT 'none'
        CHECK (auto_email_trigger IN ('none', 'enter', 'exit'));
ALTER TABLE {prefix}customer_segment
    ADD COLUMN auto_email_active smallint DEFAULT 0;
