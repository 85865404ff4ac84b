"""Who may see and change what: senders, hosts, origins, keys and sessions."""
