"""What exported programs are put together from, as source text: nothing here is run by the service."""
