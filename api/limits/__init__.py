"""What each tenant may take of what all of them share: how much at once, how often, how long, how slowly."""
