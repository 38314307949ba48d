package wire

// codecFor returns the codec of a service's protocol.
func codecFor(s Service) codec {
	switch s.Protocol {
	case Query:
		return newQueryCodec(s)
	case EC2Query:
		return newEC2Codec(s)
	}
	if s.Protocol == REST {
		return restCodec{jsonCodec{sparse: true}, s.Operations}
	}
	if s.Protocol == CBOR {
		return cborCodec{jsonCodec{timed: true}}
	}
	version := s.Version
	if version == "" {
		version = "1.1"
	}
	return jsonCodec{version: version, camel: s.Name == "logs", sparse: s.Name == "sqs"}
}
