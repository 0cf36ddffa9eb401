import { none, type SettingRow, same } from "./setting-row.ts";

const USERS = "There are no administrators who log in, and no commands over HTTP that need a permission.";
const LOG =
	"There is one log, to standard output, as text or as one JSON object a line: `log.format`. Files and rotation are the service manager's.";
const USED = "It is taken or not where it is used.";

/** What `Users.xml` can say. Passwords are hashed there in a way of its own, and not taken. */
export const USERS_SETTINGS: readonly SettingRow[] = [
	none("UserList/User@name", USERS),
	{
		...none(
			"UserList/User/Password",
			"Passwords are not taken: they are hashed in the old server's own way, and there is nobody to log in.",
		),
		isSecret: true,
	},
	none("Password@encrypt", USERS),
	none("User/Allow", USERS),
	none("User/Deny", USERS),
	none("User/Order", USERS),
	none("HTTPCommands/Enable", USERS),
	none("HTTPCommands/Allow", USERS),
	none("HTTPCommands/Deny", USERS),
	none("HTTPCommands/Order", USERS),
];

/** What `Logger.xml` can say, of each of its logs. */
export const LOGGER_SETTINGS: readonly SettingRow[] = [
	...[
		"Directory",
		"FileName",
		"Time",
		"Rotation/MaxSize",
		"Rotation/Schedule",
		"Schedule@type",
		"Rotation/History",
		"Rotation/Rename",
	].map(path => same(path, LOG)),
	same(
		"Events",
		"`log.level` decides what is logged: connections, publishers and faults at `info`, players at `debug`.",
	),
	same("Fields", "A line has every field that is known of its event."),
	same("Delimiter", LOG),
	same("QuoteFields", LOG),
	same("EscapeFields", LOG),
	none("LogServer/**", "Lines are not sent to another machine by the server itself: what takes its output can."),
	same("Access/**", LOG),
	same("Diagnostic/**", LOG),
	same("Application/**", LOG),
	same("AuthEvent/**", LOG),
	same("AuthMessage/**", LOG),
	same("FileIO/**", LOG),
];

/** Variables of `fms.ini` and `ams.ini` that stock files have. */
export const INI_SETTINGS: readonly SettingRow[] = [
	...[
		"SERVER.ADMIN_USERNAME",
		"SERVER.ADMINSERVER_HOSTPORT",
		"SERVER.PROCESS_UID",
		"SERVER.PROCESS_GID",
		"SERVER.LICENSEINFO",
	].map(name => none(name, USED)),
	{ ...none("SERVER.ADMIN_PASSWORD", "Passwords are not taken."), isSecret: true },
	...[
		"SERVER.ADMIN_IPCHOSTPORT",
		"SERVER.CRASHRECOVERY",
		"SERVER.HTTPD_ENABLED",
		"SERVER.FLVCACHE_MAXSIZE",
		"LIVE_DIR",
		"VOD_COMMON_DIR",
	].map(name => none(name, USED)),
	...[
		"VOD_DIR",
		"ADAPTOR.HOSTPORT",
		"HTTPPROXY.HOST",
		"VHOST.APPSDIR",
		"APP.JS_SCRIPTLIBPATH",
		"LOGGER.LOGDIR",
		"USERS.HTTPCOMMAND_ALLOW",
	].map(name => none(name, USED)),
];
