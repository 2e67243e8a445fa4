"""The most frequent function words of some languages: left out of what is compared, and what a language is told by."""

FUNCTION_WORDS = {
    language: frozenset(words.split())
    for language, words in {
        "ar": """
            في من على إلى الى عن مع أو او أن ان إن التي الذي الذين هذا هذه ذلك تلك كل بين بما ما لا هو هي كما قد
            عند بعد قبل ثم أي و ب ل
        """,
        "de": """
            der die das und oder in im von vom zu zum zur mit für auf an am bei aus nach über unter als auch ist
            sind wird werden ein eine einer eines einem einen des dem den sich nicht durch es dass
        """,
        "en": """
            the a an of and or in on to for by with from at as is are be been was were this that these those it
            its their his her not but which who what when than into such also may shall will can has have had no
            other any all each under over between through about there they them we our us he she you your if so
            do does upon within among per via
        """,
        "es": """
            el la los las lo un una unos unas de del y e o u en a al con por para sobre su sus que se es son ser
            como más entre desde hasta sin no este esta estos estas ese esa esos esas cuyo cuya ha han fue ni si
            bajo ante tras según
        """,
        "fr": """
            le la les l un une des du de d et ou en à au aux dans sur par pour avec sans ce cet cette ces se s
            sa son ses leur leurs que qu qui est sont être ont été il elle ils elles ne pas plus entre vers sous
            dont où comme n y c j m t
        """,
        "it": """
            il lo la i gli le l un uno una di del dello della dei degli delle e o in nel nella nei nelle a al
            alla ai alle da dal dalla con per su sul sulla che si è sono come non tra fra
        """,
        "nl": """
            de het een en of in op van voor met door aan bij uit naar over onder te ten ter als ook is zijn
            wordt worden die dat deze dit niet
        """,
        "pt": """
            o a os as um uma uns umas de do da dos das e ou em no na nos nas ao à aos às com por para sobre seu
            sua seus suas que se é são como mais entre pelo pela pelos pelas não este esta
        """,
        "ru": """
            и в во на с со по для от до из за к ко о об обо при не но или а что как его ее их это эти этого этой
            этих том также которые который которая которых между под над без через у же ли бы так то чтобы был
            была были быть все всех
        """,
        "zh": "的 和 与 及 或 在 了 是 为 之 以 于 并 其 等 对",
    }.items()
}
