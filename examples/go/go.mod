module chainstream.example/client

go 1.19
