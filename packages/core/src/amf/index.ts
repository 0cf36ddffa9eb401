export {
	AmfClassRegistry,
	type AmfConstructor,
	type AmfExternalizable,
	type AmfExternalReader,
	type AmfExternalWriter,
} from "./amf-class-registry.ts";
export { AMF_LIMITS, AMF_LIMITS_BEFORE_CONNECT, type AmfLimits } from "./amf-limits.ts";
export {
	decodeAmf0,
	decodeAmf3,
	encodeAmf0,
	encodeAmf3,
	encodeValues,
	type ObjectEncoding,
} from "./amf-message.ts";
export type { AmfWriteOptions } from "./amf-sink.ts";
export { type AmfReadOptions, AmfSource } from "./amf-source.ts";
export * from "./amf-types.ts";
export { Amf0Reader } from "./amf0-reader.ts";
export { Amf0Writer } from "./amf0-writer.ts";
export { Amf3Reader } from "./amf3-reader.ts";
export { Amf3Writer } from "./amf3-writer.ts";
export {
	FLEX_COMMAND,
	type FlexCall,
	type FlexCommand,
	type FlexMessage,
	type FlexOther,
	type FlexStamp,
	flexFault,
	flexResult,
	readFlexMessage,
} from "./flex-message.ts";
export { type AmfInspectOptions, inspectAmf } from "./inspect.ts";
export {
	decodeRemoting,
	NO_RESPONSE,
	parseAnswerTarget,
	REMOTING_ANSWERS,
	REMOTING_CONTENT_TYPE,
	type RemotingAnswerKind,
	type RemotingHeader,
	type RemotingMessage,
	type RemotingPacket,
	type RemotingReadOptions,
	type RemotingVersion,
	RemotingWriter,
} from "./remoting.ts";
export { readSol, type SolFile, writeSol } from "./sol.ts";
