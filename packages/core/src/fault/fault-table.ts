/**
 * Every fault that Millrace names, with whose it is and what it means. `docs/reference/errors.md` is generated from
 * this table, so each text is a whole sentence for the reader of a log.
 */
export const FAULTS = {
	// AMF
	AMF_TRUNCATED: { by: "peer", text: "An AMF value ends before it is complete." },
	AMF_BAD_MARKER: { by: "peer", text: "An AMF type marker is unknown or reserved." },
	AMF_BAD_REFERENCE: { by: "peer", text: "An AMF reference points at nothing that was sent before." },
	AMF_UNKNOWN_EXTERNALIZABLE: {
		by: "peer",
		text: "An AMF3 object is externalizable by a class that is not registered, so its end cannot be found.",
	},
	AMF_TOO_DEEP: { by: "limit", text: "AMF values are nested deeper than the limit." },
	AMF_TOO_MANY_VALUES: { by: "limit", text: "One message holds more AMF values than the limit." },
	AMF_COUNT_TOO_LARGE: { by: "limit", text: "An AMF count announces more than the message can hold." },
	AMF_KEY_TOO_LONG: { by: "limit", text: "The name of an AMF object's member is longer than the limit." },
	AMF_UNENCODABLE: { by: "usage", text: "A value cannot be written as AMF." },
	SOL_INVALID: { by: "peer", text: "The data is no local shared object file." },
	REMOTING_INVALID: { by: "peer", text: "The data is no AMF packet of Flash Remoting." },
	REMOTING_TOO_LARGE: { by: "limit", text: "An AMF packet of Flash Remoting holds more than the limit." },
	// FLV
	FLV_BAD_SIGNATURE: { by: "peer", text: "The data does not begin with an FLV header." },
	FLV_TAG_TOO_LARGE: { by: "limit", text: "An FLV tag is larger than the limit." },
	FLV_TRUNCATED: { by: "peer", text: "The FLV data ends inside a tag." },
	// Handshake
	HANDSHAKE_BAD_VERSION: { by: "peer", text: "The first byte is not an RTMP version that is spoken here." },
	HANDSHAKE_NOT_RTMP: {
		by: "peer",
		text: "The first byte belongs to another protocol (HTTP, TLS or SSH), not to RTMP.",
	},
	HANDSHAKE_BAD_SIGNATURE: { by: "peer", text: "The peer's handshake signature does not verify." },
	HANDSHAKE_BAD_KEY: {
		by: "peer",
		text: "The peer's public key in the RTMPE handshake is one that no secret can come of.",
	},
	HANDSHAKE_TIMEOUT: { by: "peer", text: "The handshake was not finished in time." },
	// Chunk stream
	CHUNK_BAD_SIZE: {
		by: "peer",
		text: "The announced chunk size is zero or not a number that the specification allows.",
	},
	CHUNK_NO_PREVIOUS_HEADER: {
		by: "peer",
		text: "A chunk refers to the header of an earlier one, but its chunk stream has had none.",
	},
	CHUNK_TOO_MANY_STREAMS: { by: "limit", text: "The peer uses more chunk streams than the limit." },
	CHUNK_TOO_MUCH_PARTIAL: { by: "limit", text: "The unfinished messages of one connection are larger than the limit." },
	MESSAGE_TOO_LARGE: { by: "limit", text: "A message is longer than the limit for the state of its connection." },
	MESSAGE_MALFORMED: { by: "peer", text: "A message's payload is not what its type demands." },
	// Session
	COMMAND_BEFORE_CONNECT: {
		by: "peer",
		text: "A command or a message other than protocol control came before connect.",
	},
	CONNECT_TWICE: { by: "peer", text: "A second connect came on a connection that already has one." },
	CONNECT_TIMEOUT: { by: "peer", text: "The connect command did not come in time after the handshake." },
	CONNECT_MALFORMED: { by: "peer", text: "The connect command has no object with an application name." },
	TOO_MANY_STREAMS: { by: "limit", text: "The connection holds more message streams than the limit." },
	TOO_MUCH_HELD: { by: "limit", text: "More arrived while a permission was pending than the limit allows to be held." },
	SHARED_BYTES_SPENT: {
		by: "limit",
		text: "Peers that do not publish hold as much together as the limit allows, and this one asked for more.",
	},
	NAME_TOO_LONG: { by: "limit", text: "An application's or a stream's name is longer than the limit." },
	NAME_FORBIDDEN: {
		by: "peer",
		text: "An application's or a stream's name holds characters or segments that are refused.",
	},
	OUTPUT_TOO_LARGE: { by: "limit", text: "The peer does not read its answers, and they have grown past the limit." },
	PEER_SILENT: {
		by: "transport",
		text: "Nothing came from the peer within the read deadline, nor an answer to a ping.",
	},
	PUBLISHER_IDLE: { by: "peer", text: "The publisher sent no media within the idle time-out." },
	VIEWER_TOO_SLOW: { by: "peer", text: "The viewer did not keep up with its stream and was closed." },
	// Shared objects
	SHARED_OBJECT_TOO_LARGE: {
		by: "limit",
		text: "A message about a shared object, or what it asks the server to hold, is larger than the limit.",
	},
	SHARED_OBJECT_NAME: { by: "usage", text: "The name cannot be that of a shared object." },
	SHARED_OBJECT_PERSISTENCE: {
		by: "usage",
		text: "A shared object of that name exists already, and it is persistent where this one is not, or the reverse.",
	},
	SHARED_OBJECT_FILE: { by: "file", text: "The file of a shared object cannot be read, written or understood." },
	// Transport
	CONNECT_FAILED: { by: "transport", text: "No connection could be opened." },
	PROXY_HEADER_INVALID: {
		by: "peer",
		text: "A trusted proxy did not begin its connection with a sound PROXY header, version 1 or 2.",
	},
	CONNECTION_LOST: { by: "transport", text: "The connection ended without a goodbye." },
	// HTTP tunnel and WebSocket
	TUNNEL_BODY_TOO_LARGE: { by: "limit", text: "A request of an HTTP tunnel is longer than the limit." },
	WEB_SOCKET_BAD_FRAME: {
		by: "peer",
		text: "A WebSocket's frame breaks its rules, is longer than the limit, or holds text where only bytes are understood.",
	},
	TUNNEL_GAP: { by: "peer", text: "A request of an HTTP tunnel did not come, and later ones waited for it in vain." },
	TUNNEL_ABANDONED: { by: "transport", text: "The client of an HTTP tunnel asked for nothing within the time-out." },
	// Files
	FILE_INVALID: { by: "file", text: "A media file contradicts its format or ends where it must not." },
	FILE_NO_TRACK: { by: "file", text: "A media file holds no track that can be played." },
	FILE_TOO_COMPLEX: { by: "file", text: "A media file asks for more memory or work than the limit." },
	FILE_NOT_CONVERTIBLE: {
		by: "file",
		text: "A media file cannot be brought into another container without encoding it again.",
	},
	FILE_NOT_REPAIRABLE: { by: "file", text: "A media file cannot be repaired." },
	FILE_UNREADABLE: { by: "file", text: "A file cannot be opened, read or written." },
	// Applications
	APPLICATION_MALFORMED: {
		by: "peer",
		text: "An application's host sent something that the port does not allow; it is ended.",
	},
	// Configuration and start
	CONFIG_INVALID: { by: "usage", text: "The configuration cannot be used; every problem is named with its place." },
	CERTIFICATE_UNUSABLE: {
		by: "usage",
		text: "A certificate or its key cannot be read or understood, or they do not belong together.",
	},
	STREAM_KEY_UNUSABLE: { by: "usage", text: "The file with the publish key cannot be read, written or understood." },
	// Use of the library
	USAGE: { by: "usage", text: "The library was called in a way that it does not allow." },
} as const satisfies Record<string, { by: "peer" | "limit" | "usage" | "transport" | "file"; text: string }>;

/** The stable name of a fault, as it stands in logs and on `error.code`. */
export type FaultCode = keyof typeof FAULTS;
