-- The archive of ban events, read by Amazon Athena. Put the stack's output BucketArchive in place of BUCKET (twice).
--
-- Partitions are worked out from the dates in a query (partition projection): there is nothing to load or to repair.
CREATE EXTERNAL TABLE IF NOT EXISTS bans_archived (
    event_id string,
    user_id bigint,
    chat_id bigint,
    event_type string,
    until bigint,
    reason string,
    initiator_user_id bigint,
    event_timestamp bigint,
    occurred string,
    tracked boolean,
    chat_title string,
    user_name string,
    metadata map<string, string>
)
PARTITIONED BY (`date` string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION 's3://BUCKET/bans/'
TBLPROPERTIES (
    'projection.enabled' = 'true',
    'projection.date.type' = 'date',
    'projection.date.format' = 'yyyy-MM-dd',
    'projection.date.range' = '2013-01-01,NOW+1DAY',
    'projection.date.interval' = '1',
    'projection.date.interval.unit' = 'DAYS',
    'storage.location.template' = 's3://BUCKET/bans/date=${date}/'
);

-- Each event once: a batch that was tried again with other borders has left lines twice.
CREATE OR REPLACE VIEW bans AS
SELECT event_id, user_id, chat_id, event_type, until, reason, initiator_user_id, event_timestamp, occurred, tracked, chat_title, user_name,
    metadata, "date"
FROM (SELECT *, row_number() OVER (PARTITION BY event_id, "date" ORDER BY occurred) AS copy FROM bans_archived)
WHERE copy = 1;

-- For example, who was banned most in a month. Name the dates: they decide what is read, and paid.
SELECT user_id, count(*) AS bans
FROM bans
WHERE "date" BETWEEN '2026-01-01' AND '2026-01-31' AND event_type = 'ban'
GROUP BY user_id
ORDER BY bans DESC
LIMIT 10;
