-- Version 4: what makes the scores of alerts.

ALTER TABLE alert_detail ADD COLUMN explanation TEXT NOT NULL DEFAULT 'null';
