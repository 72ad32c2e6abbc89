"""The composition root: settings, runner, recover, web, command line."""
