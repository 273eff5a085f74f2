\if :left
\else
SELECT array_agg(id) AS ids, count(*) AS left FROM users_claim_mail(100)
\gset
\endif
SELECT 1 / users_mail_sent((:ids::uuid[])[:left])::integer;
\set left :left - 1
