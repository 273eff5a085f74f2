SELECT users_authenticate(:token);
