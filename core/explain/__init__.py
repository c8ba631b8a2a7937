"""Attribution methods, their metrics, and the service that runs them on any model."""
