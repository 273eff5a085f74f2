#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "log.h"

#define HASH_OCTETS 8 /* told, of a hash twice as long */

static bool under_journal = false;
static bool is_verbose = false;
static unsigned char hash_key[crypto_generichash_KEYBYTES];

/* systemd says which file is the journal's; standard error may be another. */
static bool
is_journal(const char *stream)
{
	unsigned long long device;
	unsigned long long inode;
	struct stat status;

	return stream != NULL &&
		   sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
		   fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
		   status.st_ino == inode;
}

void
log_open(bool verbose)
{
	is_verbose = verbose;
	under_journal = is_journal(getenv("JOURNAL_STREAM"));
}

void
log_set_key(const char *key)
{
	if (key == NULL)
		randombytes_buf(hash_key, sizeof(hash_key));
	else
		(void) crypto_generichash(hash_key, sizeof(hash_key),
								  (const unsigned char *) key, strlen(key),
								  NULL, 0);
}

/* In one write, so that lines of several relays do not mix. */
static void
write_line(Level level, const Text *message)
{
	Text line = { 0 };
	ssize_t written;

	if (under_journal)
		text_format(&line, "<%d>", (int) level);
	text_clean(&line, text_get(message), message->len);
	text_puts(&line, "\n");
	written = write(STDERR_FILENO, text_get(&line), line.len);
	(void) written; /* there is nowhere to say so */
	text_wipe(&line);
}

void
log_say(Level level, const char *format, ...)
{
	Text message = { 0 };
	va_list arguments;
	char line[1024];

	if (level == LEVEL_DEBUG && !is_verbose)
		return;
	va_start(arguments, format);
	(void) vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	text_puts(&message, line);
	write_line(level, &message);
	text_wipe(&message);
}

static void
add_hash(Text *line, const char *recipient)
{
	unsigned char hash[crypto_generichash_BYTES_MIN];
	char hex[2 * HASH_OCTETS + 1];

	(void) crypto_generichash(hash, sizeof(hash),
							  (const unsigned char *) recipient,
							  strlen(recipient), hash_key, sizeof(hash_key));
	text_puts(line, sodium_bin2hex(hex, sizeof(hex), hash, HASH_OCTETS));
}

/* A word of ours as the database hands it out: nothing but such letters. */
static void
add_word(Text *line, const char *word)
{
	size_t len = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	text_add(line, word, len < 40 ? len : 40);
}

void
log_mail(const MailLine *mail, const Outcome *outcome)
{
	Text line = { 0 };

	text_puts(&line, "mail id=");
	add_word(&line, mail->id);
	text_puts(&line, " kind=");
	add_word(&line, mail->kind);
	text_format(&line, " attempt=%d to=", mail->attempt);
	add_hash(&line, mail->recipient);
	text_format(&line, " result=%s code=%d ms=%ld",
				result_name(outcome->result), outcome->code, mail->ms);
	write_line(outcome->result == RESULT_SENT ? LEVEL_INFO : LEVEL_WARNING,
			   &line);
	text_wipe(&line);
}
