export { FileError, LimitError, MillraceError, PeerError, TransportError, UsageError } from "./fault.ts";
export { FAULTS, type FaultCode } from "./fault-table.ts";
