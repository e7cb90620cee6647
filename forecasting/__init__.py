"""What is expected of a point: autoregression, an LSTM on its residuals, several steps ahead, STL."""
