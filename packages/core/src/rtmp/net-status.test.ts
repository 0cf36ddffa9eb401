import { describe, expect, test } from "vitest";
import { NET_STATUS, netStatus, type StatusCode } from "./net-status.ts";

/** ActionScript 3.0 Reference, NetStatusEvent; the FMS 2 client reference where that has the code. */
const ERRORS: readonly StatusCode[] = [
	"NetConnection.Call.BadVersion",
	"NetConnection.Call.Failed",
	"NetConnection.Call.Prohibited",
	"NetConnection.Connect.AppShutdown",
	"NetConnection.Connect.Failed",
	"NetConnection.Connect.InvalidApp",
	"NetConnection.Connect.Rejected",
	"NetConnection.Reconnect.Failed",
	"NetStream.Clear.Failed",
	"NetStream.Connect.Failed",
	"NetStream.Connect.Rejected",
	"NetStream.Failed",
	"NetStream.InvalidArg",
	"NetStream.Play.Failed",
	"NetStream.Play.FileStructureInvalid",
	"NetStream.Play.NoSupportedTrackFound",
	"NetStream.Play.StreamNotFound",
	"NetStream.Publish.BadName",
	"NetStream.Publish.Denied",
	"NetStream.Record.DiskQuotaExceeded",
	"NetStream.Record.Failed",
	"NetStream.Record.NoAccess",
	"NetStream.Seek.Failed",
	"NetStream.Seek.InvalidTime",
	"SharedObject.BadPersistence",
	"SharedObject.Flush.Failed",
	"SharedObject.NoReadAccess",
	"SharedObject.NoWriteAccess",
	"SharedObject.ObjectCreationFailed",
	"SharedObject.UriMismatch",
];

describe("the table of statuses", () => {
	test.each(Object.entries(NET_STATUS))("has the level of %s as Flash has it", (code, { level, text }) => {
		const expected = ERRORS.includes(code as StatusCode)
			? "error"
			: code === "NetStream.Play.InsufficientBW"
				? "warning"
				: "status";
		expect(level).toBe(expected);
		expect(text).toMatch(/^[A-Z].*\.$/);
	});
});

test("an info object has level, code and description, in that order, and what is added", () => {
	const status = netStatus("NetStream.Publish.BadName", "Taken.", { details: "cam" });
	expect(Object.entries(status)).toEqual([
		["level", "error"],
		["code", "NetStream.Publish.BadName"],
		["description", "Taken."],
		["details", "cam"],
	]);
	expect(netStatus("NetStream.Play.Start").description).toBe("Started playing.");
});
