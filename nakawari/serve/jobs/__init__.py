"""From the page's requests to jobs and previews, and to the takes that jobs leave."""
