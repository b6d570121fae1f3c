; No text in an `.nn` file is of another language but its comments.

([(comment) (doc_comment)] @injection.content
 (#set! injection.language "comment"))
