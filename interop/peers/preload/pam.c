/*
 * Stands in for PAM in a vsftpd of the tests: one account, whose name and
 * password are in the environment. Preloaded (LD_PRELOAD), so that no file of
 * the machine's /etc/pam.d has to be made. Not for production.
 */
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, AUTH_ERR = 7, PROMPT_ECHO_OFF = 1, ITEM_USER = 2 };

/* These three are as in <security/pam_appl.h>. */
struct message { int style; const char *text; };
struct response { char *text; int code; };
struct conversation {
	int (*ask)(int n, const struct message **, struct response **, void *);
	void *data;
};

static const char *user, *password;
static const char *given_user;
static const struct conversation *conversation;

/* vsftpd writes its process title over the environment: copied before. */
__attribute__((constructor)) static void remember(void)
{
	const char *u = getenv("SEALIFT_PEER_USER"), *p = getenv("SEALIFT_PEER_PASSWORD");

	user = u ? strdup(u) : NULL;
	password = p ? strdup(p) : NULL;
}

int pam_start(const char *service, const char *name, const struct conversation *c, void **handle)
{
	(void)service;
	given_user = strdup(name);
	conversation = c;
	*handle = &given_user;
	return SUCCESS;
}

int pam_authenticate(void *handle, int flags)
{
	const struct message prompt = { PROMPT_ECHO_OFF, "Password: " }, *prompts = &prompt;
	struct response *answer = NULL;
	int right;

	(void)handle, (void)flags;
	if (!user || !password || conversation->ask(1, &prompts, &answer, conversation->data) != SUCCESS || !answer)
		return AUTH_ERR;
	right = answer->text && !strcmp(given_user, user) && !strcmp(answer->text, password);
	free(answer->text);
	free(answer);
	return right ? SUCCESS : AUTH_ERR;
}

int pam_get_item(const void *handle, int item, const void **value)
{
	(void)handle;
	*value = item == ITEM_USER ? given_user : NULL;
	return SUCCESS;
}

int pam_set_item(void *h, int item, const void *value) { (void)h, (void)item, (void)value; return SUCCESS; }
int pam_acct_mgmt(void *h, int flags) { (void)h, (void)flags; return SUCCESS; }
int pam_setcred(void *h, int flags) { (void)h, (void)flags; return SUCCESS; }
int pam_open_session(void *h, int flags) { (void)h, (void)flags; return SUCCESS; }
int pam_close_session(void *h, int flags) { (void)h, (void)flags; return SUCCESS; }
int pam_end(void *h, int status) { (void)h, (void)status; return SUCCESS; }
