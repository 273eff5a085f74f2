SELECT 1 / (status = 'ok')::integer AS ok FROM users_login('client' || :client_id, :password);
