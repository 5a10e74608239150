-- Version 3: how alerts were judged.

ALTER TABLE alert_detail ADD COLUMN assessment TEXT NOT NULL DEFAULT 'null';
