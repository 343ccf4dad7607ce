"""The other systems our tests talk to: real servers in processes of their own, on loopback."""
