\set n random(1, 1000000000000)
SELECT 1 / (status = 'ok')::integer AS ok
  FROM users_register('n' || :n || '@example.com', 'n' || :n, :password, 'New', 'Person');
