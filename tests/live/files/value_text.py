"it's " + 'a "value"'
