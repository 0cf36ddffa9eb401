/* A client of an application by librtmp: connects with arguments, calls, is called, and shares an object. Each thing
 * that happens is a line of its output. Usage: librtmp-client rtmp://host:port/app */
#include <librtmp/amf.h>
#include <librtmp/log.h>
#include <librtmp/rtmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_SHARED_OBJECT 0x13
#define TYPE_COMMAND 0x14
enum { EVENT_USE = 1, EVENT_REQUEST_CHANGE = 3 };

static RTMP *rtmp;

static AVal text(const char *value)
{
	AVal aval = {(char *)value, (int)strlen(value)};
	return aval;
}

static void die(const char *why)
{
	printf("failed %s\n", why);
	exit(1);
}

static void send_body(int type, const char *body, const char *end)
{
	RTMPPacket packet;
	if (!RTMPPacket_Alloc(&packet, end - body)) die("memory");
	packet.m_nChannel = 3;
	packet.m_headerType = RTMP_PACKET_SIZE_LARGE;
	packet.m_packetType = type;
	packet.m_nTimeStamp = 0;
	packet.m_nInfoField2 = 0;
	packet.m_hasAbsTimestamp = 0;
	packet.m_nBodySize = end - body;
	memcpy(packet.m_body, body, end - body);
	if (!RTMP_SendPacket(rtmp, &packet, FALSE)) die("send");
	RTMPPacket_Free(&packet);
}

/* add(7, 35.5, { name: "Ann", tags: ["a", true] }), responder 9 */
static void call_add(void)
{
	char body[512], *at = body, *end = body + sizeof body;
	AMFObject inner = {0}, tags = {0};
	AMFObjectProperty name = {0}, list = {0}, tag = {0}, flag = {0};
	AVal value = text("Ann"), key = text("name"), method = text("add"), letter = text("a"), tags_key = text("tags");
	AVal none = {NULL, 0};
	AMFProp_SetName(&name, &key);
	name.p_type = AMF_STRING;
	name.p_vu.p_aval = value;
	AMF_AddProp(&inner, &name);
	tag.p_name = flag.p_name = none;
	tag.p_type = AMF_STRING;
	tag.p_vu.p_aval = letter;
	flag.p_type = AMF_BOOLEAN;
	flag.p_vu.p_number = 1;
	AMF_AddProp(&tags, &tag);
	AMF_AddProp(&tags, &flag);
	AMFProp_SetName(&list, &tags_key);
	list.p_type = AMF_STRICT_ARRAY;
	list.p_vu.p_object = tags;
	AMF_AddProp(&inner, &list);

	at = AMF_EncodeString(at, end, &method);
	at = AMF_EncodeNumber(at, end, 9);
	*at++ = AMF_NULL;
	at = AMF_EncodeNumber(at, end, 7);
	at = AMF_EncodeNumber(at, end, 35.5);
	at = AMF_Encode(&inner, at, end);
	if (at == NULL) die("encode");
	send_body(TYPE_COMMAND, body, at);
}

/* _result of a call of the server's: responder, null, value + 1 */
static void answer(double responder, double value)
{
	char body[128], *at = body, *end = body + sizeof body;
	AVal method = text("_result");
	at = AMF_EncodeString(at, end, &method);
	at = AMF_EncodeNumber(at, end, responder);
	*at++ = AMF_NULL;
	at = AMF_EncodeNumber(at, end, value + 1);
	send_body(TYPE_COMMAND, body, at);
}

static char *shared_object_head(char *at, char *end, const char *name)
{
	int length = (int)strlen(name);
	at = AMF_EncodeInt16(at, end, (short)length);
	memcpy(at, name, length);
	at += length;
	at = AMF_EncodeInt32(at, end, 0); /* version */
	at = AMF_EncodeInt32(at, end, 0); /* not persistent */
	return AMF_EncodeInt32(at, end, 0);
}

static void use_shared_object(const char *name)
{
	char body[128], *end = body + sizeof body, *at = shared_object_head(body, end, name);
	*at++ = EVENT_USE;
	at = AMF_EncodeInt32(at, end, 0);
	send_body(TYPE_SHARED_OBJECT, body, at);
}

static void set_slot(const char *name, const char *slot, const char *value)
{
	char body[256], *end = body + sizeof body, *at = shared_object_head(body, end, name), *length;
	AVal val = text(value);
	*at++ = EVENT_REQUEST_CHANGE;
	length = at;
	at = AMF_EncodeInt16(at + 4, end, (short)strlen(slot));
	memcpy(at, slot, strlen(slot));
	at = AMF_EncodeString(at + strlen(slot), end, &val);
	AMF_EncodeInt32(length, end, (int)(at - length - 4));
	send_body(TYPE_SHARED_OBJECT, body, at);
}

/* Prints the events of a message, each as its number and the slot with a text, where it has one. */
static void print_shared_object(const char *body, unsigned size)
{
	unsigned at = 2 + AMF_DecodeInt16(body) + 12;
	while (at + 5 <= size) {
		int kind = body[at];
		unsigned length = AMF_DecodeInt32(body + at + 1);
		const char *data = body + at + 5;
		printf("object %d", kind);
		if (kind == 6) { /* a call by the object: the handler's name is a value */
			AVal handler;
			AMF_DecodeString(data + 1, &handler);
			printf(" %.*s", handler.av_len, handler.av_val);
		} else if (length >= 2) {
			printf(" %.*s", AMF_DecodeInt16(data), data + 2);
		}
		if (kind == 4) {
			AVal value;
			const char *marker = data + 2 + AMF_DecodeInt16(data);
			if (*marker == AMF_STRING) {
				AMF_DecodeString(marker + 1, &value);
				printf(" %.*s", value.av_len, value.av_val);
			}
		}
		printf("\n");
		at += 5 + length;
	}
}

static void take_command(const char *body, unsigned size)
{
	AMFObject command;
	AVal name;
	double responder;
	if (AMF_Decode(&command, body, size, FALSE) < 0) die("decode");
	AMFProp_GetString(AMF_GetProp(&command, NULL, 0), &name);
	responder = AMFProp_GetNumber(AMF_GetProp(&command, NULL, 1));
	printf("command %.*s %g", name.av_len, name.av_val, responder);
	if (AMF_CountProp(&command) > 3) {
		AMFObjectProperty *argument = AMF_GetProp(&command, NULL, 3);
		if (AMFProp_GetType(argument) == AMF_NUMBER) printf(" %g", AMFProp_GetNumber(argument));
		if (AMFProp_GetType(argument) == AMF_STRING) {
			AVal value;
			AMFProp_GetString(argument, &value);
			printf(" %.*s", value.av_len, value.av_val);
		}
	}
	printf("\n");
	if (name.av_len == 8 && !memcmp(name.av_val, "question", 8)) {
		answer(responder, AMFProp_GetNumber(AMF_GetProp(&command, NULL, 3)));
	}
	AMF_Reset(&command);
}

int main(int argc, char **argv)
{
	RTMPPacket packet = {0};
	int connected = 0;
	if (argc != 2) return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	rtmp = RTMP_Alloc();
	RTMP_Init(rtmp);
	if (!RTMP_SetupURL(rtmp, argv[1]) || !RTMP_Connect(rtmp, NULL)) die("connect");
	while (RTMP_IsConnected(rtmp) && RTMP_ReadPacket(rtmp, &packet)) {
		if (!RTMPPacket_IsReady(&packet)) continue;
		if (packet.m_packetType == TYPE_COMMAND) {
			/* librtmp's own reading ends the connection's set-up with a createStream. */
			if (!connected) {
				RTMP_ClientPacket(rtmp, &packet);
				connected = 1;
				printf("connected\n");
				call_add();
				use_shared_object("board");
				set_slot("board", "color", "red");
			} else {
				take_command(packet.m_body, packet.m_nBodySize);
			}
		} else if (packet.m_packetType == TYPE_SHARED_OBJECT) {
			print_shared_object(packet.m_body, packet.m_nBodySize);
		} else {
			RTMP_ClientPacket(rtmp, &packet);
		}
		RTMPPacket_Free(&packet);
	}
	printf("closed\n");
	RTMP_Close(rtmp);
	RTMP_Free(rtmp);
	return 0;
}
