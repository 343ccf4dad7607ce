#!/bin/sh
# Runs once, in an empty database server: the role that owns and migrates Stackwarden's database, and the database.
# The first migration makes the other role, stackwarden_app, with a password derived from the key file.
set -eu
PGPASSWORD=$(cat /run/secrets/postgres_password)
export PGPASSWORD
psql --username postgres --no-psqlrc --set ON_ERROR_STOP=1 --set password="$(cat /run/secrets/owner_password)" <<'END'
CREATE ROLE stackwarden_owner LOGIN NOSUPERUSER NOCREATEDB CREATEROLE PASSWORD :'password';
CREATE DATABASE stackwarden OWNER stackwarden_owner;
END
