"""What every function shares: settings, secrets, connections and logs. Imports no other package of ours."""
