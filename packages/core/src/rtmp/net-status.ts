import type { AmfObject, AmfValue } from "../amf/index.ts";

/** How grave a status is, as `info.level` says it. */
export type StatusLevel = "status" | "warning" | "error";

/**
 * Every status code that this version sends or makes, with its level and the text that goes with it where no better
 * one is given. `docs/reference/statuses.md` is generated from this table.
 * Sources: ActionScript 3.0 Reference (NetStatusEvent), Flash Media Server 2 client reference, Enhanced RTMP v2,
 * NetConnectionSmart (`Reconnect`, `PortTest`).
 */
export const NET_STATUS = {
	"NetConnection.Call.BadVersion": { level: "error", text: "A packet has an unknown format." },
	"NetConnection.Call.Failed": { level: "error", text: "The method was not found or failed." },
	"NetConnection.Call.Prohibited": { level: "error", text: "The call was refused for security." },
	"NetConnection.Connect.AppShutdown": { level: "error", text: "The application is shutting down." },
	"NetConnection.Connect.Closed": { level: "status", text: "The connection was closed." },
	"NetConnection.Connect.Failed": { level: "error", text: "The connection could not be opened." },
	"NetConnection.Connect.IdleTimeout": { level: "status", text: "The connection was idle for too long." },
	"NetConnection.Connect.InvalidApp": { level: "error", text: "The application does not exist." },
	"NetConnection.Connect.NetworkChange": { level: "status", text: "The network changed." },
	"NetConnection.Connect.ReconnectRequest": { level: "status", text: "The server asks the client to connect again." },
	"NetConnection.Connect.Rejected": { level: "error", text: "Connection failed." },
	"NetConnection.Connect.Success": { level: "status", text: "Connection succeeded." },
	"NetConnection.PortTest.Complete": { level: "status", text: "Every road has been tried." },
	"NetConnection.PortTest.Update": { level: "status", text: "A road has been tried." },
	"NetConnection.Reconnect.Failed": { level: "error", text: "The connection could not be opened again." },
	"NetConnection.Reconnect.Init": { level: "status", text: "The connection is opened again." },
	"NetStream.Buffer.Empty": { level: "status", text: "The buffer is empty." },
	"NetStream.Buffer.Flush": { level: "status", text: "No more data will come; the buffer is played out." },
	"NetStream.Buffer.Full": { level: "status", text: "The buffer is full." },
	"NetStream.Clear.Failed": { level: "error", text: "The recording was not deleted." },
	"NetStream.Clear.Success": { level: "status", text: "The recording was deleted." },
	"NetStream.Connect.Closed": { level: "status", text: "The stream's connection was closed." },
	"NetStream.Connect.Failed": { level: "error", text: "The stream's connection failed." },
	"NetStream.Connect.Rejected": { level: "error", text: "The stream's connection was refused." },
	"NetStream.Connect.Success": { level: "status", text: "The stream's connection succeeded." },
	"NetStream.Data.Start": { level: "status", text: "The media data begins." },
	"NetStream.Failed": { level: "error", text: "The operation failed." },
	"NetStream.InvalidArg": { level: "error", text: "An argument is not what the command takes." },
	"NetStream.Pause.Notify": { level: "status", text: "Paused." },
	"NetStream.Play.Complete": { level: "status", text: "The playlist is finished." },
	"NetStream.Play.Failed": { level: "error", text: "Playing failed." },
	"NetStream.Play.FileStructureInvalid": { level: "error", text: "The file's structure is invalid." },
	"NetStream.Play.InsufficientBW": {
		level: "warning",
		text: "The client's bandwidth is not enough; frames were left out.",
	},
	"NetStream.Play.NoSupportedTrackFound": { level: "error", text: "The file has no track that can be played." },
	"NetStream.Play.PublishNotify": { level: "status", text: "The stream is now published." },
	"NetStream.Play.Reset": { level: "status", text: "Playing and resetting." },
	"NetStream.Play.Start": { level: "status", text: "Started playing." },
	"NetStream.Play.Stop": { level: "status", text: "Stopped playing." },
	"NetStream.Play.StreamNotFound": { level: "error", text: "The stream was not found." },
	"NetStream.Play.Switch": { level: "status", text: "Playing the next item of the playlist." },
	"NetStream.Play.Transition": { level: "status", text: "The transition was accepted." },
	"NetStream.Play.TransitionComplete": { level: "status", text: "The transition is complete." },
	"NetStream.Play.UnpublishNotify": { level: "status", text: "The stream is no longer published." },
	"NetStream.Publish.BadName": { level: "error", text: "The stream is already being published." },
	"NetStream.Publish.Denied": { level: "error", text: "Publishing was refused." },
	"NetStream.Publish.Idle": { level: "status", text: "The publisher has been idle for too long." },
	"NetStream.Publish.Start": { level: "status", text: "The stream is now published." },
	"NetStream.Record.AlreadyExists": { level: "status", text: "The file is already being recorded." },
	"NetStream.Record.DiskQuotaExceeded": { level: "error", text: "The disk quota is exceeded." },
	"NetStream.Record.Failed": { level: "error", text: "Recording failed." },
	"NetStream.Record.NoAccess": { level: "error", text: "Recording is not allowed." },
	"NetStream.Record.Start": { level: "status", text: "Recording began." },
	"NetStream.Record.Stop": { level: "status", text: "Recording stopped." },
	"NetStream.Seek.Failed": { level: "error", text: "The stream cannot be sought." },
	"NetStream.Seek.InvalidTime": { level: "error", text: "The time is outside the stream." },
	"NetStream.Seek.Notify": { level: "status", text: "Seeking." },
	"NetStream.Unpause.Notify": { level: "status", text: "Playing goes on." },
	"NetStream.Unpublish.Success": { level: "status", text: "The stream is now unpublished." },
	"NetStream.Video.DimensionChange": { level: "status", text: "The picture's size changed." },
	"SharedObject.BadPersistence": {
		level: "error",
		text: "The shared object exists, and it is persistent where this one is not, or the reverse.",
	},
	"SharedObject.Flush.Failed": { level: "error", text: "The shared object was not written." },
	"SharedObject.Flush.Success": { level: "status", text: "The shared object was written." },
	"SharedObject.NoReadAccess": { level: "error", text: "The shared object may not be read." },
	"SharedObject.NoWriteAccess": { level: "error", text: "The shared object may not be changed." },
	"SharedObject.ObjectCreationFailed": { level: "error", text: "The shared object could not be made." },
	"SharedObject.UriMismatch": { level: "error", text: "The shared object is of another address than the connection." },
} as const satisfies Record<string, { level: StatusLevel; text: string }>;

/** A code of the table. */
export type StatusCode = keyof typeof NET_STATUS;

/** An info object: the value that `onStatus`, `netStatus` and `_error` carry. */
export type NetStatus = AmfObject & {
	level: string;
	code: string;
	description: string;
};

/**
 * Makes an info object with the code's level.
 *
 * @param description the text; the table's where it is left out
 * @param more further members, such as `details` (the stream's name) or `clientid`
 */
export function netStatus(code: StatusCode, description?: string, more?: Record<string, AmfValue>): NetStatus {
	const entry = NET_STATUS[code];
	return { level: entry.level, code, description: description ?? entry.text, ...more };
}
