"""Voice: FastAGI, classic AGI, AMI, TwiML; what to say becomes clips."""
