#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <curl/curl.h>
#include <sodium.h>

#include "check.h"
#include "clock.h"
#include "log.h"
#include "relay.h"

static const char usage[] =
	"usage: users-mail-relay [OPTION...] [-- ARGUMENT...]\n"
	"Sends the mails of the PostgreSQL extension users.\n"
	"\n"
	"  --config FILE   read settings from FILE; the environment wins over it\n"
	"  --once          send what is due, then end: 0 if all of it was sent\n"
	"  --check         tell whether everything is set up, sending nothing\n"
	"  --exec PROGRAM  hand each mail to PROGRAM (with each ARGUMENT) as JSON on\n"
	"                  its standard input, in place of SMTP\n"
	"  --verbose       log more\n"
	"  --help          print this\n"
	"  --version       print the version\n"
	"\n"
	"Settings are named USERS_MAIL_...; users-mail-relay(8) explains them.\n";

typedef enum Mode
{
	MODE_RUN,
	MODE_CHECK,
	MODE_HELP,
	MODE_VERSION,
	MODE_WRONG
} Mode;

/* Neither a core file nor another process of the same user gets to see
 * passwords and links; nor do programs get files that somebody left open. */
static void
harden(void)
{
	struct rlimit none = { 0, 0 };
	int file;

	(void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void) setrlimit(RLIMIT_CORE, &none);
	(void) umask(077);
	/* A socket must not become standard error. */
	do
		file = open("/dev/null", O_RDWR);
	while (file >= 0 && file <= STDERR_FILENO);
	closefrom(STDERR_FILENO + 1);
}

/* A program in the folders of PATH; NULL if there is none. */
static char *
search_path(const char *name)
{
	const char *at = getenv("PATH");
	char *path = NULL;

	while (at != NULL && path == NULL && *at != '\0')
	{
		size_t len = strcspn(at, ":");
		Text candidate = { 0 };

		text_format(&candidate, "%.*s/%s", (int) len, at, name);
		if (len > 0 && access(text_get(&candidate), X_OK) == 0)
			path = realpath(text_get(&candidate), NULL);
		text_wipe(&candidate);
		at += len + (at[len] == ':');
	}
	return path;
}

/* The whole path of a program, which a reload finds again whatever has become
 * of PATH; one that is not there may come yet. */
static char *
find_program(const char *name)
{
	char *path =
		strchr(name, '/') == NULL ? search_path(name) : realpath(name, NULL);
	char *here = NULL;
	Text whole = { 0 };

	if (path == NULL && name[0] != '/' && strchr(name, '/') != NULL)
		here = getcwd(NULL, 0);
	if (here != NULL)
	{
		text_format(&whole, "%s/%s", here, name);
		path = string_copy(text_get(&whole));
	}
	free(here);
	text_wipe(&whole);
	return path != NULL ? path : string_copy(name);
}

static Mode
read_arguments(int argc, char **argv, Options *options, bool *verbose)
{
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "once", no_argument, NULL, 'o' },
		{ "check", no_argument, NULL, 'k' },
		{ "exec", required_argument, NULL, 'e' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	Mode mode = MODE_RUN;
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
	{
		if (option == 'c')
			options->config = optarg;
		else if (option == 'o')
			options->once = true;
		else if (option == 'k')
			mode = MODE_CHECK;
		else if (option == 'e')
			options->exec = optarg;
		else if (option == 'v')
			*verbose = true;
		else if (option == 'h')
			return MODE_HELP;
		else
			return option == 'V' ? MODE_VERSION : MODE_WRONG;
	}
	options->arguments = argv + optind;
	if (optind < argc && options->exec == NULL)
	{
		(void) fprintf(stderr,
					   "users-mail-relay: '%s' means nothing without --exec\n",
					   argv[optind]);
		return MODE_WRONG;
	}
	return mode;
}

static int
work(Mode mode, Options *options, bool verbose)
{
	char *program = NULL;
	int status;

	if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
	{
		(void) fputs("users-mail-relay: a library does not start\n", stderr);
		return EX_SOFTWARE;
	}
	log_open(verbose);
	if (options->exec != NULL)
		options->exec = program = find_program(options->exec);
	status = mode == MODE_CHECK ? check_run(options) : relay_run(options);
	free(program);
	curl_global_cleanup();
	return status;
}

int
main(int argc, char **argv)
{
	Options options = { 0 };
	bool verbose = false;
	Mode mode;

	harden();
	mode = read_arguments(argc, argv, &options, &verbose);
	if (mode == MODE_HELP)
		(void) fputs(usage, stdout);
	else if (mode == MODE_VERSION)
		(void) puts("users-mail-relay " USERS_VERSION);
	else if (mode == MODE_WRONG)
		(void) fputs("users-mail-relay: --help lists what there is\n", stderr);
	else
		return work(mode, &options, verbose);
	return mode == MODE_WRONG ? EX_USAGE : 0;
}
