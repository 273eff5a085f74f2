\if :begun
\else
SELECT refresh_token FROM token WHERE client = :client_id
\gset
\set begun 1
\endif
SELECT refresh_token FROM users_refresh(:refresh_token)
\gset
