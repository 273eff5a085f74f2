\if :begun
\else
SELECT user_id, session_id FROM token WHERE client = :client_id
\gset
\set begun 1
\endif
UPDATE plain SET counter = counter + 1, refreshed_at = now() WHERE user_id = :user_id AND id = :session_id;
