"""Real calls: SIPp dials a real Asterisk that runs the dialplan of deploy/asterisk."""
