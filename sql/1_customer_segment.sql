-- 1. When a segment's sequence starts, and whether it is switched on.
-- Placeholders of all these files: {prefix} is the shop's table prefix; {table.column} is the type
-- of that column (of Maho: `int unsigned` for ids, `datetime` or `timestamp` for times); {charset}
-- is that of the customer_segment table. `segmail schema apply` fills them in.
ALTER TABLE {prefix}customer_segment
    ADD COLUMN auto_email_trigger enum('none', 'enter', 'exit') DEFAULT 'none';
ALTER TABLE {prefix}customer_segment
    ADD COLUMN auto_email_active tinyint(1) DEFAULT 0;
