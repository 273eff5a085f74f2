/*
 * usage: smtp URL SAMPLE ADDRESSES PAUSE
 *
 * Sends a mail to each address of the file ADDRESSES, a line each, with libcurl
 * and nothing else: what a relay cannot do without. SAMPLE.subject, SAMPLE.text
 * and SAMPLE.html hold what one says; headers and parts are those of
 * users-mail-relay. One handle, and so one connection, for all; PAUSE is the
 * milliseconds after each mail. Before each mail, its address and the time of
 * day in seconds go to standard output.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#define SENDER "accounts@example.org"

/* What is sent, and the handle that sends. */
typedef struct Sample
{
	char *subject;
	char *text;
	char *html;
} Sample;

static int
fail(const char *what)
{
	fprintf(stderr, "smtp: %s\n", what);
	return 1;
}

/* The whole file NAME.EXTENSION; NULL when there is none. */
static char *
read_sample(const char *name, const char *extension)
{
	char path[4096];
	char *text = calloc(1, 65536);
	FILE *file;

	(void) snprintf(path, sizeof(path), "%s.%s", name, extension);
	file = fopen(path, "r");
	if (file == NULL || text == NULL || fread(text, 1, 65535, file) == 0)
	{
		free(text);
		text = NULL;
	}
	if (file != NULL)
		(void) fclose(file);
	return text;
}

static struct curl_slist *
list_headers(const Sample *sample, const char *address, int number)
{
	struct curl_slist *list = NULL;
	char lines[8][1200];
	char date[64];
	time_t now = time(NULL);
	struct tm utc;
	int n = 0;

	(void) strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000",
					gmtime_r(&now, &utc));
	(void) snprintf(lines[n++], sizeof(lines[0]), "Date: %s", date);
	(void) snprintf(lines[n++], sizeof(lines[0]), "From: Example <%s>", SENDER);
	(void) snprintf(lines[n++], sizeof(lines[0]), "To: %s", address);
	(void) snprintf(lines[n++], sizeof(lines[0]), "Subject: %s",
					sample->subject);
	(void) snprintf(lines[n++], sizeof(lines[0]),
					"Message-ID: <%08x-0000-7000-8000-%012x@example.org>",
					(unsigned) now, (unsigned) number);
	(void) snprintf(lines[n++], sizeof(lines[0]), "MIME-Version: 1.0");
	(void) snprintf(lines[n++], sizeof(lines[0]),
					"Auto-Submitted: auto-generated");
	(void) snprintf(lines[n++], sizeof(lines[0]),
					"X-Auto-Response-Suppress: All");
	for (int i = 0; i < n; i++)
		list = curl_slist_append(list, lines[i]);
	return curl_slist_append(list, "Content-Type: multipart/alternative");
}

static void
add_part(curl_mime *mime, const char *text, const char *type)
{
	curl_mimepart *part = curl_mime_addpart(mime);

	(void) curl_mime_data(part, text, CURL_ZERO_TERMINATED);
	(void) curl_mime_type(part, type);
	(void) curl_mime_encoder(part, "quoted-printable");
}

static CURLcode
send_mail(CURL *curl, const Sample *sample, const char *address, int number)
{
	struct curl_slist *headers = list_headers(sample, address, number);
	struct curl_slist *recipients = curl_slist_append(NULL, address);
	curl_mime *mime = curl_mime_init(curl);
	CURLcode result;

	add_part(mime, sample->text, "text/plain; charset=UTF-8");
	add_part(mime, sample->html, "text/html; charset=UTF-8");
	(void) curl_easy_setopt(curl, CURLOPT_MAIL_FROM, SENDER);
	(void) curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
	(void) curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	(void) curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime);
	result = curl_easy_perform(curl);
	curl_mime_free(mime);
	curl_slist_free_all(headers);
	curl_slist_free_all(recipients);
	return result;
}

static void
rest(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	(void) nanosleep(&time, NULL);
}

static int
send_mails(CURL *curl, const Sample *sample, FILE *addresses, long pause)
{
	char address[256];
	struct timespec now;
	CURLcode result;

	for (int number = 1; fgets(address, sizeof(address), addresses) != NULL;
		 number++)
	{
		address[strcspn(address, "\n")] = '\0';
		(void) clock_gettime(CLOCK_REALTIME, &now);
		printf("%s %lld.%06ld\n", address, (long long) now.tv_sec,
			   now.tv_nsec / 1000);
		result = send_mail(curl, sample, address, number);
		if (result != CURLE_OK)
			return fail(curl_easy_strerror(result));
		if (pause > 0)
			rest(pause);
	}
	return fflush(stdout) == 0 ? 0 : fail("cannot write");
}

int
main(int argc, char **argv)
{
	Sample sample;
	FILE *addresses;
	CURL *curl;

	if (argc != 5)
		return fail("usage: smtp URL SAMPLE ADDRESSES PAUSE");
	sample =
		(Sample){ read_sample(argv[2], "subject"), read_sample(argv[2], "text"),
				  read_sample(argv[2], "html") };
	if (sample.subject == NULL || sample.text == NULL || sample.html == NULL)
		return fail("SAMPLE is not complete");
	sample.subject[strcspn(sample.subject, "\n")] = '\0';
	addresses = fopen(argv[3], "r");
	if (addresses == NULL)
		return fail("there is no file ADDRESSES");
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
		(curl = curl_easy_init()) == NULL)
		return fail("libcurl does not start");
	(void) curl_easy_setopt(curl, CURLOPT_URL, argv[1]);
	return send_mails(curl, &sample, addresses, strtol(argv[4], NULL, 10));
}
