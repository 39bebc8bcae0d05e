"""What ends trials before their last epoch."""
