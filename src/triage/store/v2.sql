-- Version 2: the rules that fired.

ALTER TABLE alert_detail ADD COLUMN rules TEXT NOT NULL DEFAULT '[]';
