"""SCIM 2.0 (RFC 7643, RFC 7644): users and groups of any system that offers the standard, read and never written."""
